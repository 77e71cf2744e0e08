// SPDX-License-Identifier: GPL-2.0-or-later

package gdbstub

import (
	"fmt"
	"strings"
)

// refreshHint is printed to a client that does not ask.
const refreshHint = "The machine has moved. gdb still shows the registers from before: " +
	"type \"maintenance flush register-cache\" and \"maintenance flush dcache\".\n"

// setRefreshes answers Qvmrr.Refreshes: the client will ask, and read the target's
// description again when the CPU's mode has changed.
func (s *session) setRefreshes(string) string {
	s.refreshes = true
	return "OK"
}

// hasMoved answers qvmrr.Moved: "yes" once after the machine has moved.
func (s *session) hasMoved(string) string {
	if !s.moved {
		return "no"
	}
	s.moved = false
	return "yes"
}

// monitor answers qRcmd,COMMAND-IN-HEX. The output goes ahead of the answer in O
// packets, and so does the text of an error: of an answer that says "error" gdb makes
// a "protocol error" without the text.
func (s *session) monitor(args string) string {
	text, found := strings.CutPrefix(args, ",")
	command, ok := decodeHex(text)
	if !found || !ok {
		return errInvalid
	}
	if s.commander == nil {
		return unsupported
	}
	out := s.console()
	moved, err := s.commander.Monitor(s.ctx, strings.TrimSpace(string(command)), out)
	if moved {
		s.lastStop, s.moved = Stop{Reason: StopStep}, true
		if !s.refreshes {
			fmt.Fprint(out, refreshHint)
		}
	}
	if err != nil {
		s.log.Debug("gdb monitor command failed", "command", clip(string(command)), "error", err)
		fmt.Fprintf(out, "%v\n", err)
	}
	return "OK"
}

// console returns where text for the user goes to. gdb takes it only while it waits
// for a resume or a monitor command; what could not be said before goes ahead.
func (s *session) console() *console {
	out := &console{out: s.out}
	if s.untold != "" {
		fmt.Fprintln(out, s.untold)
		s.untold = ""
	}
	return out
}

// console sends what is written to it to the user.
type console struct{ out outlet }

// maxOutput is how many bytes of text go into one O packet.
const maxOutput = (maxPacket - 1) / 2

func (c *console) Write(p []byte) (int, error) {
	written := 0
	for len(p) > written {
		part := p[written:min(len(p), written+maxOutput)]
		if err := c.out.send([]byte("O" + encodeHex(part))); err != nil {
			return written, err
		}
		written += len(part)
	}
	return written, nil
}
