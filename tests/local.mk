# SPDX-License-Identifier: MIT
# Tests that need neither root nor a network; ./run-tests adds the others.
test_extra_dist =
