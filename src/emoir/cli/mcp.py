"""emoir mcp: a collection as tools for language models."""

from __future__ import annotations

from emoir.cli.options import IndexOption, LexiconOption, ModelOption


def mcp(index: IndexOption = None, model: ModelOption = None, lexicon: LexiconOption = None) -> None:
    """Serve search, describe, explain, summarise and export as tools (Model Context Protocol).

    A program that speaks the protocol starts this command and talks to it over standard input and output.
    Needs: pip install mcp
    """
    from emoir.collection import Collection
    from emoir.integrations.mcp import make_server

    with Collection(index, model=model, lexicon=lexicon) as photos:
        # Without an index there is nothing to serve, and the error says what to do.
        photos.status()
        make_server(photos).run()
