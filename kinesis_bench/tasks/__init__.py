"""What a policy is asked to do: muscle control, observation, reward, termination, and the imitation task."""
