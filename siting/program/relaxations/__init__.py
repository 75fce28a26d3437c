"""Relaxations, whose optimum no plan beats: knapsack, stars, linear and integer programs."""
