"""Desktop extensions (MCPB, formerly DXT): their manifests, their settings, and what Claude Desktop makes of both.

Sources: the MANIFEST.md, schemas 0.1 to 0.4 and src/shared/config.ts of the packing tool (@anthropic-ai/mcpb 2.1).
"""
