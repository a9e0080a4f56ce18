"""A plugin that needs something which is not there."""

import a_package_that_nobody_has  # noqa: F401
