// SPDX-License-Identifier: GPL-2.0-or-later

package gdbstub

import (
	"bytes"
	"strconv"
	"strings"
)

// rrPacket is the name of a packet with one of rr's commands.
const rrPacket = "qRRCmd"

// rrCommand executes a command as front ends of rr send it, with the monitor command of the
// same name. It answers with the output, as much as goes into a packet, and at least an end
// of line, in hex. There are two forms. rr's own words for gdb send
// NAME:THREAD:ARGUMENT..., with the thread's number in decimal, -1 for none, and the
// arguments in hex (rr, DebuggerExtensionCommandHandler.cc); Delve sends
// NAME:ARGUMENT..., all in hex (pkg/proc/gdbserial, qRRCmd).
func (s *session) rrCommand(args string) string {
	words := strings.Split(strings.TrimPrefix(args, ":"), ":")
	if name, ok := decodeHex(words[0]); ok {
		words[0] = string(name)
	} else if len(words) > 1 {
		if _, err := strconv.Atoi(words[1]); err != nil {
			return errInvalid
		}
		words = append(words[:1], words[2:]...)
	}
	if words[0] == "" {
		return errInvalid
	}
	for i, word := range words[1:] {
		text, ok := decodeHex(word)
		if !ok {
			return errInvalid
		}
		words[i+1] = string(text)
	}
	if s.commander == nil {
		return unsupported
	}
	var out bytes.Buffer
	s.command(strings.Join(words, " "), &out)
	if !bytes.HasSuffix(out.Bytes(), []byte("\n")) {
		out.WriteByte('\n')
	}
	return encodeHex(out.Bytes()[:min(out.Len(), maxOutput)])
}
