package mute

import _ "example.test/services/access"
