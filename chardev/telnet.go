// SPDX-License-Identifier: GPL-2.0-or-later

package chardev

import (
	"bytes"
	"context"
	"io"
)

// The codes of telnet (RFC 854) and of the options that matter here: binary
// transmission (RFC 856), echo (RFC 857), suppress go-ahead (RFC 858).
const (
	telnetSE   = 240
	telnetSB   = 250
	telnetWILL = 251
	telnetWONT = 252
	telnetDO   = 253
	telnetDONT = 254
	telnetIAC  = 255

	optionBinary = 0
	optionEcho   = 1
	optionSGA    = 3
)

// greeting puts the client into character mode without an echo of its own. These
// are the bytes that QEMU sends.
var greeting = []byte{
	telnetIAC, telnetWILL, optionEcho,
	telnetIAC, telnetWILL, optionSGA,
	telnetIAC, telnetWILL, optionBinary,
	telnetIAC, telnetDO, optionBinary,
}

// telnet is a connection as the program behind the protocol sees it.
type telnet struct {
	conn    *impatient
	greeted bool
	filter  telnetFilter
	replies []byte
}

func newTelnet(conn *impatient) *telnet {
	t := &telnet{conn: conn}
	_, err := conn.Write(greeting)
	t.greeted = err == nil
	return t
}

// Read reads what was typed.
func (t *telnet) Read(p []byte) (int, error) {
	if !t.greeted {
		return 0, io.ErrClosedPipe
	}
	for {
		n, err := t.conn.Read(p)
		data := t.filter.decode(p[:0], p[:n], t.reply)
		if len(t.replies) > 0 {
			if _, failed := t.conn.Write(t.replies); err == nil {
				err = failed
			}
			t.replies = t.replies[:0]
		}
		if len(data) > 0 || err != nil {
			return len(data), err
		}
	}
}

// HungUp is impatient's: a script that speaks through telnet's port may send all that it
// will before it reads the answers.
func (t *telnet) HungUp(ctx context.Context) bool { return t.conn.HungUp(ctx) }

func (t *telnet) reply(b ...byte) { t.replies = append(t.replies, b...) }

// Write sends output.
func (t *telnet) Write(p []byte) (int, error) {
	if !bytes.Contains(p, []byte{telnetIAC}) {
		return t.conn.Write(p)
	}
	if _, err := t.conn.Write(bytes.ReplaceAll(p, []byte{telnetIAC}, []byte{telnetIAC, telnetIAC})); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Close closes the connection.
func (t *telnet) Close() error { return t.conn.Close() }

// telnetFilter takes the protocol out of what a client sends.
type telnetFilter struct {
	state  telnetState
	verb   byte // WILL, WONT, DO or DONT, in stateOption
	binary bool // the client agreed to send binary: a CR is only a CR
}

type telnetState int

const (
	stateData         telnetState = iota
	stateCR                       // behind a CR
	stateIAC                      // behind an IAC
	stateOption                   // behind a verb
	stateNegotiation              // within IAC SB ... IAC SE
	stateNegotiateIAC             // behind an IAC there
)

// decode appends the data in in to out, which may be in's own array, and answers
// the client's wishes.
func (f *telnetFilter) decode(out, in []byte, reply func(...byte)) []byte {
	for _, b := range in {
		switch f.state {
		case stateCR:
			// Outside of binary mode the end of a line is CR LF, and a CR
			// alone CR NUL.
			f.state = stateData
			if b == 0 || b == '\n' {
				continue
			}
			out = f.data(out, b)
		case stateData:
			out = f.data(out, b)
		case stateIAC:
			out = f.command(out, b)
		case stateOption:
			f.option(b, reply)
			f.state = stateData
		case stateNegotiation:
			if b == telnetIAC {
				f.state = stateNegotiateIAC
			}
		case stateNegotiateIAC:
			f.state = stateNegotiation
			if b == telnetSE {
				f.state = stateData
			}
		}
	}
	return out
}

func (f *telnetFilter) data(out []byte, b byte) []byte {
	switch {
	case b == telnetIAC:
		f.state = stateIAC
		return out
	case b == '\r' && !f.binary:
		f.state = stateCR
	}
	return append(out, b)
}

func (f *telnetFilter) command(out []byte, b byte) []byte {
	f.state = stateData
	switch b {
	case telnetIAC:
		return append(out, b)
	case telnetSB:
		f.state = stateNegotiation
	case telnetWILL, telnetWONT, telnetDO, telnetDONT:
		f.state, f.verb = stateOption, b
	}
	return out // any other has no meaning here
}

// option answers a wish. What the greeting asked for is agreed on already, and an
// answer to an answer would go on for ever; every other option is refused.
func (f *telnetFilter) option(option byte, reply func(...byte)) {
	switch f.verb {
	case telnetWILL:
		switch option {
		case optionBinary:
			f.binary = true
		default:
			reply(telnetIAC, telnetDONT, option)
		}
	case telnetWONT:
		if option == optionBinary {
			f.binary = false
		}
	case telnetDO:
		switch option {
		case optionBinary, optionEcho, optionSGA:
		default:
			reply(telnetIAC, telnetWONT, option)
		}
	}
}
