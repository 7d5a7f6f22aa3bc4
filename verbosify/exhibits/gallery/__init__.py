"""The gallery of models that do not exist: names in, and what a real model says of them: a description, and code.

`building` asks, `curating` has a person choose, `pages` and `site` make it static, `serving` lets visitors ask.
"""
