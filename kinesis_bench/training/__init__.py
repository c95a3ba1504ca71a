"""How policies are trained: PPO, exploration, hard starts, mixture of experts, distillation, export."""
