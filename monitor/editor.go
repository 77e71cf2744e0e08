// SPDX-License-Identifier: GPL-2.0-or-later

package monitor

import (
	"bytes"
	"unicode/utf8"
)

const (
	// maxLine bounds a command line in bytes, as QEMU does; what is typed
	// beyond it is dropped.
	maxLine = 4095
	// maxHistory is how many lines the arrow keys reach back.
	maxHistory = 64
)

// The keys with a meaning.
const (
	keyCtrlC     = 0x03
	keyBackspace = 0x08
	keyCtrlL     = 0x0c
	keyCtrlU     = 0x15
	keyEscape    = 0x1b
	keyDelete    = 0x7f
)

// editor makes lines of what is typed, and echoes it. It is small because it must
// never trip over what a stranger sends: each byte takes constant memory.
type editor struct {
	prompt  string
	line    []byte
	echo    bytes.Buffer // for the terminal
	state   editorState
	last    byte // the last byte, to take CR LF as one
	history []string
	back    int // how many lines back in the history
}

type editorState int

const (
	editText     editorState = iota
	editEscape               // behind ESC
	editSequence             // within ESC [ or ESC O
)

// start shows the prompt for a new line.
func (e *editor) start() {
	e.line, e.back = e.line[:0], 0
	e.echo.WriteString(e.prompt)
}

// typed takes a byte. done says that it ended the line that is returned.
func (e *editor) typed(b byte) (line string, done bool) {
	last := e.last
	e.last = b
	switch e.state {
	case editEscape:
		e.state = editText
		if b == '[' || b == 'O' {
			e.state = editSequence
		}
		return "", false
	case editSequence:
		// A final byte ends a control sequence (ECMA-48, 5.4).
		if b >= 0x40 && b <= 0x7e {
			e.state = editText
			e.key(b)
		}
		return "", false
	}
	switch {
	case b == '\n' && last == '\r':
	case b == '\r' || b == '\n':
		e.echo.WriteString("\r\n")
		line = string(e.line)
		e.remember(line)
		return line, true
	case b == keyBackspace || b == keyDelete:
		e.erase()
	case b == keyCtrlU:
		e.replace("")
	case b == keyCtrlC:
		e.echo.WriteString("\r\n")
		e.start()
	case b == keyCtrlL:
		e.echo.WriteString("\r\n" + e.prompt)
		e.echo.Write(e.line)
	case b == keyEscape:
		e.state = editEscape
	case b >= ' ' && len(e.line) < maxLine:
		e.line = append(e.line, b)
		e.echo.WriteByte(b)
	}
	return "", false
}

// key obeys the arrows up and down.
func (e *editor) key(final byte) {
	switch {
	case final == 'A' && e.back < len(e.history):
		e.back++
	case final == 'B' && e.back > 0:
		e.back--
	default:
		return
	}
	if e.back == 0 {
		e.replace("")
	} else {
		e.replace(e.history[len(e.history)-e.back])
	}
}

// erase takes the last character away, which may have several bytes.
func (e *editor) erase() {
	if len(e.line) == 0 {
		return
	}
	_, n := utf8.DecodeLastRune(e.line)
	e.line = e.line[:len(e.line)-n]
	e.echo.WriteString("\b \b")
}

// replace shows another line instead.
func (e *editor) replace(line string) {
	e.line = append(e.line[:0], line...)
	e.echo.WriteString("\r\x1b[K" + e.prompt + line)
}

func (e *editor) remember(line string) {
	if line == "" || len(e.history) > 0 && e.history[len(e.history)-1] == line {
		return
	}
	if len(e.history) == maxHistory {
		e.history = append(e.history[:0], e.history[1:]...)
	}
	e.history = append(e.history, line)
}
