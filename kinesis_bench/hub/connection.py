"""How a hub is reached, and what it may answer: each refusal becomes one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from kinesis_bench import __version__
from kinesis_bench.errors import InputError
from kinesis_bench.hub.names import Kind

LIBRARY: dict[str, Any] = {"library_name": "kinesis-bench", "library_version": __version__}
"""What we call ourselves to a hub."""

TIMEOUT_S = 30.0
"""How long a hub may stay silent."""

LOG_IN = "log in with `hf auth login`, or set HF_TOKEN"

_HUB_TYPE = {"policy": "model", "data": "dataset"}


@dataclass(frozen=True)
class Repository:
    """A place on a hub.

    Attributes:
        id: ``owner/name``.
        revision: branch, tag or commit; "" for the newest.
    """

    id: str
    revision: str = ""

    @property
    def name(self) -> str:
        """Without its owner."""
        return self.id.rpartition("/")[2]


def parse_repository(text: str) -> Repository:
    """``OWNER/NAME`` or ``OWNER/NAME@REVISION``.

    Raises:
        InputError: it is neither, or huggingface_hub is not installed.
    """
    hub()
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id

    id, at, revision = text.partition("@")
    remedy = "write OWNER/NAME, or OWNER/NAME@REVISION to pull what is not the newest"
    try:
        validate_repo_id(id)
    except HFValidationError as error:
        raise InputError(f"repository {text!r}", _short(error), remedy) from error
    if id.count("/") != 1 or (at and not revision):
        raise InputError(f"repository {text!r}", "names no repository", remedy)
    return Repository(id, revision)


def hub() -> Any:
    """The client of huggingface_hub, which finds endpoint (HF_ENDPOINT) and token by itself.

    Raises:
        InputError: it is not installed.
    """
    try:
        from huggingface_hub import HfApi
    except ImportError as error:
        remedy = "pip install 'kinesis-bench[hub]'"
        raise InputError("huggingface_hub", "is not installed", remedy) from error
    return HfApi(**LIBRARY)


def hub_type(kind: Kind) -> str:
    """What the hub calls a repository of this kind."""
    return _HUB_TYPE[kind]


@contextmanager
def talking_about(repository: Repository) -> Iterator[None]:
    """Turn what huggingface_hub raises in the block into an ``InputError`` of one line.

    Raises:
        InputError: the hub cannot be reached, refuses, or answers what no hub answers.
    """
    from huggingface_hub import constants, errors

    def refused(problem: str, remedy: str) -> InputError:
        return InputError(f"{repository.id} at {constants.ENDPOINT}", problem, remedy)

    try:
        yield
    except errors.LocalTokenNotFoundError as error:
        raise refused("nobody is logged in", LOG_IN) from error
    except errors.OfflineModeIsEnabled as error:
        raise refused("is not asked, for HF_HUB_OFFLINE is set", "unset it") from error
    except errors.GatedRepoError as error:
        remedy = f"ask for access on the repository's page, then {LOG_IN}"
        raise refused("is gated: its owner says who may have it", remedy) from error
    except errors.RepositoryNotFoundError as error:
        raise NotThere(
            refused("no such repository, or it is private", f"check the name; {LOG_IN}")
        ) from error
    except errors.RevisionNotFoundError as error:
        remedy = "leave out the @ for the newest"
        raise refused(f"has no revision {repository.revision!r}", remedy) from error
    except errors.HfHubHTTPError as error:
        raise refused(*_of_status(error.response.status_code, error.server_message)) from error
    except (errors.HTTPError, ConnectionError, TimeoutError) as error:  # of its HTTP library, and of hf_xet
        remedy = "check the connection and HF_ENDPOINT"
        raise refused(f"cannot be reached ({_short(error)})", remedy) from error
    except (RuntimeError, ValueError, KeyError, TypeError, AttributeError) as error:
        if isinstance(error.__cause__, errors.HfHubHTTPError):  # from an upload in a thread
            cause = error.__cause__
            raise refused(*_of_status(cause.response.status_code, cause.server_message)) from error
        remedy = "check HF_ENDPOINT, or try again later"
        raise refused(f"cannot be understood ({_short(error)})", remedy) from error


class NotThere(InputError):
    """No such repository; a hub says the same of a private one."""

    def __init__(self, error: InputError) -> None:
        super().__init__(error.where, error.problem, error.remedy)


def _of_status(code: int, message: str | None) -> tuple[str, str]:
    """Problem and remedy."""
    said = f" ({code}: {_short(message)})" if message else f" ({code})"
    if code == 401:
        return f"does not accept who is asking{said}", LOG_IN
    if code == 403:
        return f"is not yours to change or read{said}", "use another owner, or a token that may write"
    if code == 404:
        return f"does not know this{said}", "check the name and HF_ENDPOINT"
    if code == 429:
        return f"has had too many requests{said}", "wait some minutes"
    return f"refuses{said}", "check HF_ENDPOINT, or try again later"


def _short(said: object) -> str:
    """The first sentence's worth, without what a terminal would obey."""
    text = "".join(c if c.isprintable() else " " for c in str(said))
    return " ".join(text.split())[:160] or type(said).__name__
