from __future__ import annotations

import torch
from torch import nn

from weights.muon import Muon, orthogonal


def test_singular_values_come_near_one_and_their_vectors_stay() -> None:
    generator = torch.Generator().manual_seed(0)
    for shape in ((6, 20), (20, 6)):
        matrix = torch.randn(shape, generator=generator)
        found = orthogonal(matrix)
        values = torch.linalg.svdvals(found)
        assert values.min() > 0.65
        assert values.max() < 1.25
        left, _, right = torch.linalg.svd(matrix, full_matrices=False)
        turned = left.T @ found @ right.T
        assert (turned - torch.diag(turned.diagonal())).abs().max() < 1e-4


def test_a_matrix_learns_as_in_torch() -> None:
    generator = torch.Generator().manual_seed(0)
    own, other = (nn.Parameter(torch.ones(8, 24)) for _ in range(2))
    ours = Muon([own], 0.02, 0.1)
    theirs = torch.optim.Muon([other], lr=0.02, weight_decay=0.1, momentum=0.95, adjust_lr_fn="match_rms_adamw")
    for _ in range(5):
        own.grad = torch.randn(8, 24, generator=generator)
        other.grad = own.grad.clone()
        ours.step()
        theirs.step()
    # torch iterates in bfloat16.
    assert (own - 1).abs().mean() > 0.01
    torch.testing.assert_close(own, other, atol=1e-3, rtol=0)


def test_a_kernel_is_the_matrix_of_its_outputs_by_all_else() -> None:
    generator = torch.Generator().manual_seed(0)
    gradient = torch.randn(8, 4, 3, 3, generator=generator)
    kernel = nn.Parameter(torch.zeros(8, 4, 3, 3).contiguous(memory_format=torch.channels_last))
    matrix = nn.Parameter(torch.zeros(8, 36))
    kernel.grad, matrix.grad = gradient.contiguous(memory_format=torch.channels_last), gradient.flatten(1)
    for parameter in (kernel, matrix):
        Muon([parameter], 0.1, 0.0).step()
    torch.testing.assert_close(kernel.flatten(1), matrix, atol=1e-5, rtol=0)
