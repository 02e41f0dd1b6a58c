"""Emergency access: a token that ends by itself serves one server until its keychain is mended, and all of it is told."""
