package targets_test

import _ "example.test/services/targets"
