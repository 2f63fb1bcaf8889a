package access

import _ "example.test/libs/bus"
