"""Figures of survival, incidence and outcomes: one look, one module a shape. They ask nothing; they draw frames."""
