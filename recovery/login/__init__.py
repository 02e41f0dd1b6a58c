"""Getting a login anew: by its refresh token, or by a code that the person enters in a browser of any device."""
