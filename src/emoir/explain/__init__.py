"""Why an image reads as it does: where, by colour or by texture, in words."""

from emoir.explain.explanation import Explanation, explain
from emoir.explain.occlusion import occlusion_map

__all__ = ["Explanation", "explain", "occlusion_map"]
