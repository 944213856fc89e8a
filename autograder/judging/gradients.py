"""Let gradients flow through a call that happens in another process.

loss = connect(loss, [logits], pull)
loss.backward()  # asks pull(gradient of loss) for the gradient of logits
"""

from collections.abc import Callable

import torch


class _Remote(torch.autograd.Function):
    @staticmethod
    def forward(context, pull, value, *tensors):
        context.pull = pull
        return value.detach().clone()

    @staticmethod
    def backward(context, gradient):
        return None, None, *context.pull(gradient)


def connect(value: torch.Tensor, tensors: list[torch.Tensor], pull: Callable) -> torch.Tensor:
    """Return `value` as if it were computed here from `tensors`; `pull` gives their gradients from that of `value`."""
    return _Remote.apply(pull, value, *tensors)
