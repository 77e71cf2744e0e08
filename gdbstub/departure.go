// SPDX-License-Identifier: GPL-2.0-or-later

package gdbstub

import "strings"

// The packets with which a client comes to an end, and their relatives.

// detach answers D and D;PID.
func (s *session) detach(args string) string {
	if pid, named := strings.CutPrefix(args, ";"); named {
		if match, ok := isOne(pid); !match || !ok {
			return errInvalid
		}
	} else if args != "" {
		return errInvalid
	}
	s.over, s.departure = true, Detached
	return "OK"
}

// kill answers k, to which gdb expects no answer.
func (s *session) kill(string) string {
	s.mute, s.over, s.departure = true, true, Killed
	return ""
}

// vKill answers vKill;PID, which has one.
func (s *session) vKill(args string) string {
	pid, named := strings.CutPrefix(args, ";")
	if match, ok := isOne(pid); !named || !match || !ok {
		return errInvalid
	}
	s.over, s.departure = true, Killed
	return "OK"
}

// extendedMode answers "!". The only thing that the extended protocol adds here
// is that gdb may ask for a restart.
func (s *session) extendedMode(string) string { return "OK" }

// restart ignores R, to which gdb expects no answer. A recording is rewound with
// bc or a monitor command.
func (s *session) restart(string) string {
	s.mute = true
	return ""
}
