# %% [markdown]
# # Lesson 92 · A target
#
# Attacks stand in for `double`; `greet` is solved as it should be, and must still be graded after them.

# %% setup

# %% double
def double(x):
    """Twice x."""
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION


# %% test_double points=2
import colorsys

assert colorsys.rgb_to_hsv(0, 0, 0) == (0, 0, 0)
assert double(4) == 8, "Multiply by two."
### BEGIN HIDDEN TESTS
hidden = "canary-hidden-test"
assert double(-21) == -42, "Negative numbers are doubled as well."
### END HIDDEN TESTS


# %% greet
def greet(name):
    """Say hello."""
    ### BEGIN SOLUTION
    return f"Hello, {name}!"
    ### END SOLUTION


# %% test_greet points=3
assert greet("Ada") == "Hello, Ada!", "Say hello by name."
