// SPDX-License-Identifier: GPL-2.0-or-later

package gdbstub

import "context"

// reverseStep answers bs: back by one instruction.
func (s *session) reverseStep(args string) string {
	if s.reverser == nil {
		return unsupported
	}
	if args != "" {
		return errInvalid
	}
	return s.resume("stepping back", unlessInterrupted(s.reverser.ReverseStep))
}

// reverseContinue answers bc: back to the last hit of a breakpoint or watchpoint,
// or to the beginning.
func (s *session) reverseContinue(args string) string {
	if s.reverser == nil {
		return unsupported
	}
	if args != "" {
		return errInvalid
	}
	return s.resume("running back", func(ctx context.Context) (Stop, error) {
		return s.reverser.ReverseContinue(ctx, s.console())
	})
}
