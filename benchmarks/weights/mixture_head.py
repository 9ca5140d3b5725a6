"""A distribution head that knows several domains of pictures, photographs and paintings say, behind one answer."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class MixtureHead(nn.Module):
    """One linear head per domain, each with its own scale and temperature, mixed by how likely the domain is.

    Raters of photographs and of paintings disagree on what looks alike: one head for both harms both.

    Args:
        length: of the embedding.
        classes: K.
        domains: D.
        scale: at which the learnt factor of the logits starts.

    Example:
        >>> head = MixtureHead(4, 8, 2)
        >>> answer = head(torch.rand(3, 4), torch.zeros(3, 2))
        >>> answer.exp().sum(dim=1).allclose(torch.ones(3))
        True
    """

    temperatures: Tensor

    def __init__(self, length: int, classes: int, domains: int, *, scale: float = 8.0) -> None:
        super().__init__()
        self.classes, self.domains = classes, domains
        self.linear = nn.Linear(length, domains * classes)
        self.scale = nn.Parameter(torch.full((domains,), scale))
        self.register_buffer("temperatures", torch.ones(domains))

    def components(self, embedding: Tensor) -> Tensor:
        """Logits of every domain's head, (B, D, K), before their temperature."""
        logits: Tensor = self.linear(embedding).unflatten(1, (self.domains, self.classes))
        return logits * self.scale[:, None]

    def forward(self, embedding: Tensor, domain: Tensor) -> Tensor:
        """Log probabilities (B, K) of embeddings (B, length), given the logits of the domains (B, D)."""
        answers = F.log_softmax(self.components(embedding) / self.temperatures[:, None], dim=2)
        return (answers + F.log_softmax(domain, dim=1)[:, :, None]).logsumexp(dim=1)
