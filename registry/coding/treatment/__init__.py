"""Treatment: surgery codes and the days until treatment."""
