"""Names, paths and interfaces of the freedesktop Secret Service, version 0.2."""

from jeepney import DBusAddress

NAME = "org.freedesktop.secrets"
ROOT = "/org/freedesktop/secrets"
SERVICE_INTERFACE = "org.freedesktop.Secret.Service"
COLLECTION = "org.freedesktop.Secret.Collection"
ITEM = "org.freedesktop.Secret.Item"
PROPERTIES = "org.freedesktop.DBus.Properties"
SERVICE = DBusAddress(ROOT, NAME, SERVICE_INTERFACE)
LOGIN_COLLECTION = f"{ROOT}/collection/login"
"""The collection that is the default where no alias says otherwise (gnome-keyring; the label must be `login`)."""
SESSION_COLLECTION = f"{ROOT}/collection/session"
"""gnome-keyring's collection in memory: always unlocked, gone when the daemon ends."""
HASHED = "gkr:compat:hashed:"
"""Prefix of attribute names while a collection has not been unlocked: the value is then the real one's MD5 in hex."""
