"""A Mac's keychains without a Mac: programs and a framework that keep state and enforce the documented behaviour.

What they do is that of Apple's sources and of the documented OSStatus values: keychains are files with a lock state of
their own in every session, entries have access lists and partition lists, what would open a window hangs where there is
a screen and fails with -25308 where there is none, a password is read from /dev/tty alone, `list-keychains -s` replaces.
Messages are German on purpose: nothing may rest on their words.
"""
