"""Policies as Python classes, ``file.py:Class`` or ``package.module:Class``. They run only when named."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from kinesis_bench.errors import InputError, unknown_name
from kinesis_bench.files import sha256_of_file
from kinesis_bench.policies.loaded import LoadedPolicy, declared


def load_plugin(reference: str) -> LoadedPolicy:
    """A Python class as a policy.

    Args:
        reference: ``file.py:Class`` or ``package.module:Class``.

    Raises:
        InputError: no such file, module or class, or it cannot be imported or instantiated.
    """
    location, _, attribute = reference.rpartition(":")
    is_file = location.endswith(".py")
    if is_file:
        path = Path(location).expanduser()
        module, sha256 = import_file(path), sha256_of_file(path)
    else:
        module, sha256 = _import_module(location), ""
    where = f"policy {reference}"
    make = maker(module, attribute, where)
    deterministic, control, needs = declared(make(), where)
    return LoadedPolicy(
        name=attribute,
        make=make,
        deterministic=deterministic,
        control=control,
        needs=needs,
        source=reference,
        sha256=sha256,
    )


def maker(module: ModuleType, attribute: str, where: str) -> Callable[[], Any]:
    """What makes an instance of a module's class, without arguments.

    Args:
        module: that was imported.
        attribute: the class.
        where: named in errors.

    Raises:
        InputError: no such class; and, when called, the class cannot be instantiated.
    """
    policy_class = getattr(module, attribute, None)
    if policy_class is None:
        names = [n for n in vars(module) if not n.startswith("_")]
        raise unknown_name(where, attribute, names or [attribute])

    def make() -> Any:
        try:
            return policy_class()
        except (Exception, SystemExit) as error:
            problem = f"{attribute}() raised {type(error).__name__}: {error}"
            raise InputError(where, problem, "make it constructible without arguments") from error

    return make


def import_file(path: Path) -> ModuleType:
    """A Python file as a module; its code runs.

    Raises:
        InputError: there is no such file, or it cannot be imported.
    """
    if not path.is_file():
        raise InputError(path, "no such file", "give an existing file as file.py:Class")
    name = f"kinesis_bench_plugin_{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise _cannot_import(str(path), error) from error
    return module


def _import_module(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        remedy = "install the package, or give the policy as file.py:Class"
        raise InputError(f"policy module {name}", f"no module named {error.name!r}", remedy) from error
    except (Exception, SystemExit) as error:
        raise _cannot_import(f"policy module {name}", error) from error


def _cannot_import(where: str, error: BaseException) -> InputError:
    problem = f"cannot be imported ({type(error).__name__}: {error})"
    return InputError(where, problem, "fix the file so that Python can import it")
