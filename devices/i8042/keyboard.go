// SPDX-License-Identifier: GPL-2.0-or-later

package i8042

// Commands to the keyboard and its replies (IBM PC AT Technical Reference,
// "Keyboard", "Commands from the System").
const (
	kbdSetLEDs      = 0xed
	kbdEcho         = 0xee
	kbdScanCodeSet  = 0xf0
	kbdIdentify     = 0xf2
	kbdTypematic    = 0xf3
	kbdEnable       = 0xf4
	kbdDisable      = 0xf5
	kbdDefaults     = 0xf6
	kbdAllTypematic = 0xf7 // to 0xfa: key types, of use in set 3 alone
	kbdAllBoth      = 0xfa
	kbdResend       = 0xfe
	kbdReset        = 0xff

	kbdAck    = 0xfa
	kbdPassed = 0xaa // basic assurance test
	kbdAgain  = 0xfe
)

// queueSize bounds the bytes that wait in the keyboard, for replies and for
// keys; a real keyboard holds 16 for both.
const queueSize = 64

// queue is a first-in first-out of bytes; those beyond Len are zero.
type queue struct {
	Data [queueSize]uint8
	Len  uint8
}

func (q *queue) push(data ...uint8) int {
	n := copy(q.Data[q.Len:], data)
	q.Len += uint8(n)
	return n
}

func (q *queue) pop() (v uint8, ok bool) {
	if q.Len == 0 {
		return 0, false
	}
	v = q.Data[0]
	copy(q.Data[:], q.Data[1:])
	q.Data[queueSize-1] = 0
	q.Len--
	return v, true
}

// keyboard is an MF2 keyboard that knows scan code set 2; it is saved as it
// stands. Its typematic repeat is the host's business.
type keyboard struct {
	Scanning bool
	LEDs     uint8 // scroll, num, caps lock
	Rate     uint8 // typematic rate and delay, as written
	Expect   uint8 // a command that waits for its parameter, or 0
	Last     uint8 // the last byte sent, for resend
	Replies  queue
	Keys     queue
}

// defaultRate is 10.9 characters a second after 500 ms.
const defaultRate = 0x2b

func (k *keyboard) reset() { *k = keyboard{Scanning: true, Rate: defaultRate} }

// command takes a byte from the controller: the parameter of the last command
// or, if it is none, a command.
func (k *keyboard) command(v uint8) {
	expect := k.Expect
	k.Expect = 0
	if expect != 0 && v < kbdSetLEDs {
		k.parameter(expect, v)
		return
	}
	switch v {
	case kbdReset:
		k.reset()
		k.Replies.push(kbdAck, kbdPassed)
	case kbdResend:
		k.Replies.push(k.Last)
	case kbdEcho:
		k.Replies.push(kbdEcho)
	case kbdIdentify:
		k.Replies.push(kbdAck, 0xab, 0x83)
	case kbdSetLEDs, kbdScanCodeSet, kbdTypematic:
		k.Expect = v
		k.Replies.push(kbdAck)
	case kbdEnable, kbdDisable, kbdDefaults: // all three empty the buffer
		k.Keys = queue{}
		if v != kbdDefaults {
			k.Scanning = v == kbdEnable
		}
		if v != kbdEnable {
			k.Rate = defaultRate
		}
		k.Replies.push(kbdAck)
	case kbdAllTypematic, kbdAllTypematic + 1, kbdAllTypematic + 2, kbdAllBoth:
		k.Replies.push(kbdAck)
	default:
		k.Replies.push(kbdAgain)
	}
}

func (k *keyboard) parameter(command, v uint8) {
	switch {
	case command == kbdSetLEDs:
		k.LEDs = v & 7
		k.Replies.push(kbdAck)
	case command == kbdTypematic:
		k.Rate = v
		k.Replies.push(kbdAck)
	case v == 0: // which scan code set?
		k.Replies.push(kbdAck, 2)
	case v == 2:
		k.Replies.push(kbdAck)
	default: // sets 1 and 3 are not there
		k.Replies.push(kbdAgain)
	}
}

// next takes the byte to send now: replies before keys, and no keys while a
// parameter is expected.
func (k *keyboard) next() (v uint8, ok bool) {
	if v, ok = k.Replies.pop(); !ok && k.Expect == 0 {
		v, ok = k.Keys.pop()
	}
	if ok {
		k.Last = v
	}
	return v, ok
}

// press takes scan codes as far as there is room; with scanning disabled, when
// the queue is empty, they are forgotten.
func (k *keyboard) press(codes []byte) int {
	n := min(len(codes), k.room())
	if k.Scanning {
		k.Keys.push(codes[:n]...)
	}
	return n
}

func (k *keyboard) room() int { return queueSize - int(k.Keys.Len) }
