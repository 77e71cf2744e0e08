// SPDX-License-Identifier: GPL-2.0-or-later

package gdbstub

import (
	"fmt"
	"io"
	"strings"
)

// monitorPacket is the name of a packet with a monitor command.
const monitorPacket = "qRcmd"

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

// monitor answers qRcmd,COMMAND-IN-HEX with the output, and so with the text of an
// error: of an answer that says "error" gdb makes a "protocol error" without the text.
func (s *session) monitor(args string) string {
	text, found := strings.CutPrefix(args, ",")
	command, ok := decodeHex(text)
	if !found || !ok {
		return errInvalid
	}
	if s.commander == nil {
		return unsupported
	}
	out := &output{console: s.console()}
	s.tell(out)
	if moved := s.command(string(command), out); moved && !s.refreshes {
		fmt.Fprint(out, refreshHint)
	}
	return out.answer()
}

// command executes a monitor command, and reports whether it moved the machine.
func (s *session) command(line string, out io.Writer) (moved bool) {
	moved, err := s.commander.Monitor(s.ctx, strings.TrimSpace(line), out)
	if moved {
		s.lastStop, s.moved = Stop{Reason: StopStep}, true
	}
	if err != nil {
		s.log.Debug("gdb monitor command failed", "command", clip(line), "error", err)
		fmt.Fprintf(out, "%v\n", err)
	}
	return moved
}

// tell writes what the user could not be told before. gdb takes text only while it
// waits for a resume or a monitor command.
func (s *session) tell(out io.Writer) {
	if s.untold != "" {
		fmt.Fprintln(out, s.untold)
		s.untold = ""
	}
}

// output is what a monitor command writes. The end of it, and mostly all, is the answer;
// of what is longer the beginning goes ahead in O packets. When Ctrl-C was pressed, gdb
// 13 takes no more than one packet, and the rest for the answers to what it asks next.
type output struct {
	console *console
	kept    []byte
}

// Write implements io.Writer.
func (o *output) Write(p []byte) (int, error) {
	o.kept = append(o.kept, p...)
	for len(o.kept) > maxOutput {
		if _, err := o.console.Write(o.kept[:maxOutput]); err != nil {
			return 0, err
		}
		o.kept = o.kept[maxOutput:]
	}
	return len(p), nil
}

// answer returns the answer to the command.
func (o *output) answer() string {
	if len(o.kept) == 0 {
		return "OK"
	}
	return encodeHex(o.kept)
}

// console returns where text for the user goes to.
func (s *session) console() *console { return &console{out: s.out} }

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
