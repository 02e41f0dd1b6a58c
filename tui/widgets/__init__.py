"""The app's widgets: they take frozen values, show them, and post what the person chose."""
