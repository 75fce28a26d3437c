"""Relaxations, whose optimum no plan beats: knapsack, stars, linear programs."""
