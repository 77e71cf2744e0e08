// SPDX-License-Identifier: GPL-2.0-or-later

// Package gdbstub lets gdb debug the machine: it is a server of gdb's remote
// serial protocol ("GDB manual", appendix E).
//
// # The protocol in a page
//
// gdb asks and the stub answers. A message is a packet: '$', the data, '#' and two
// hex digits, the sum of the data bytes modulo 256. Inside the data 0x7d escapes the
// byte that follows, which was exclusive-ored with 0x20; '$' and '#' always come
// escaped, so a bare '$' can only be the start of a packet. The receiver of a packet
// answers '+' if its sum is right and '-' to have it sent again, until gdb asks for
// QStartNoAckMode, as it does on a connection that loses nothing. Between packets gdb
// may send a single byte 0x03: stop what is running.
//
// The data begins with a letter or a name. Numbers are hex, without a prefix; register
// and memory contents are hex in the order of the bytes. An empty answer says that the
// stub does not know the packet, "OK" that it did as told, "E22" or "E.text" that it
// could not. gdb 13 takes the form with text for registers, breakpoints and resumes
// only: in the answer to a read of memory or a monitor command it would be decoded as
// data, so those get the form with two digits.
//
// A packet that resumes the machine (c, s, vCont, and bc, bs for going back) has one
// answer, which comes when the machine stops: "T05" and pairs that say why. T is
// followed by a signal number, since gdb thinks in Unix terms: 05 is SIGTRAP, for
// everything that the debugger brought about, and 02 SIGINT, the answer to 0x03.
// "replaylog:begin" and "replaylog:end" tell gdb that there is no more history in this
// direction. While the machine runs packets that begin with 'O' carry text for the user. The
// answer to a monitor command is its output in hex, of which O packets may go ahead. While
// gdb waits for it Ctrl-C makes it send nothing; Server.Interrupt is for who notices it.
//
// A machine has one processor here, which gdb sees as thread 1 of process 1.
//
// # Three layers
//
// Transport (address.go, server.go, link.go) accepts one client at a time and turns
// its bytes into packets on a goroutine of its own, so that 0x03 is seen while the
// machine runs: it cancels the context that the resume in progress was given. Framing
// (packet.go, hex.go) knows bytes only. Execution (session.go and a file for each
// family of packets) knows packets only, and calls the Target through the Runner, one
// call at a time. Whatever the client sends, malformed, endless or absurd, ends in an
// error for the client and never in a change of the guest.
//
// # Jumps behind gdb's back
//
// gdb caches registers and memory while the machine stands still, and nothing in the
// protocol tells it that they changed. A monitor command that moved the machine
// therefore needs gdb's help: GDBInit holds hooks with which gdb asks after each
// "monitor" whether to forget its caches; without them the stub prints what to type.
//
// # Modes
//
// An x86 runs 64-bit, 32-bit and 16-bit code, which are three architectures to gdb, each
// with registers of its own. gdb reads the description of the target when it connects
// and when it is told to. GDBInit tells it at each stop that finds the CPU in a mode for
// which its description is not. The stub writes and reads registers as the description
// says that it gave out last, so that the two always agree. To a client that has not
// said that it has GDBInit it gives the one with all registers.
package gdbstub

import (
	"bufio"
	"errors"
	"io"
)

// maxPacket is the longest packet accepted and sent, in bytes of data as they are
// on the wire. gdb learns it from qSupported.
const maxPacket = 0x10000

// event is what a packetReader found.
type event int

const (
	eventPacket      event = iota // a packet with a good checksum
	eventAck                      // '+'
	eventNak                      // '-'
	eventInterrupt                // 0x03
	eventBadChecksum              // a packet that was damaged on its way
	eventRefused                  // a whole packet, but too long or wrongly escaped
)

const (
	interruptByte = 0x03
	escapeByte    = 0x7d
	escapeXor     = 0x20
)

// packetReader finds packets in a stream of bytes. Bytes between packets that
// mean nothing are skipped.
type packetReader struct {
	r   *bufio.Reader
	max int
}

func newPacketReader(r io.Reader) *packetReader {
	return &packetReader{r: bufio.NewReaderSize(r, 4096), max: maxPacket}
}

// next returns the next event, for a packet with its data unescaped. The error is
// the stream's own.
func (p *packetReader) next() (event, []byte, error) {
	for {
		c, err := p.r.ReadByte()
		if err != nil {
			return 0, nil, err
		}
		switch c {
		case '+':
			return eventAck, nil, nil
		case '-':
			return eventNak, nil, nil
		case interruptByte:
			return eventInterrupt, nil, nil
		case '$':
			return p.packet()
		}
	}
}

// packet reads on after a '$'.
func (p *packetReader) packet() (event, []byte, error) {
	var (
		data    []byte
		sum     byte
		length  int
		escaped bool
	)
	for {
		c, err := p.r.ReadByte()
		if err != nil {
			return 0, nil, midPacket(err)
		}
		if c == '#' {
			break
		}
		if c == '$' { // the packet before was cut short
			data, sum, length, escaped = data[:0], 0, 0, false
			continue
		}
		sum += c
		length++
		switch {
		case length > p.max:
			data = data[:0]
		case escaped:
			data = append(data, c^escapeXor)
			escaped = false
		case c == escapeByte:
			escaped = true
		default:
			data = append(data, c)
		}
	}
	var digits [2]byte
	if _, err := io.ReadFull(p.r, digits[:]); err != nil {
		return 0, nil, midPacket(err)
	}
	hi, ok1 := unhex(digits[0])
	lo, ok2 := unhex(digits[1])
	if !ok1 || !ok2 || hi<<4|lo != sum {
		return eventBadChecksum, nil, nil
	}
	if length > p.max || escaped {
		return eventRefused, nil, nil
	}
	return eventPacket, data, nil
}

func midPacket(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// frame returns data as a packet ready to send.
func frame(data []byte) []byte {
	out := make([]byte, 1, len(data)+8)
	out[0] = '$'
	var sum byte
	for _, c := range data {
		if mustEscape(c) {
			out = append(out, escapeByte, c^escapeXor)
			sum += escapeByte + (c ^ escapeXor)
			continue
		}
		out = append(out, c)
		sum += c
	}
	return append(out, '#', hexDigits[sum>>4], hexDigits[sum&15])
}

// mustEscape tells the bytes that cannot stand for themselves in an answer; '*'
// would begin a run length.
func mustEscape(c byte) bool {
	return c == '$' || c == '#' || c == '*' || c == escapeByte
}
