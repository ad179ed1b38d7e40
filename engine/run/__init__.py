"""The loop: load, advance, perform, commit. The only room that takes turns; knows ports and never adapters or the web."""
