package targets

import _ "example.test/libs/bus"
