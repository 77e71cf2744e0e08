// SPDX-License-Identifier: GPL-2.0-or-later

package serial

// crystal is the UART's input clock in Hz (PC: 1.8432 MHz); 16 cycles of it
// times the divisor are a bit.
const crystal = 1_843_200

// Receive hands characters from the host to the line and returns how many were
// accepted: as many as there is Room for.
func (u *UART) Receive(data []byte) int {
	n := min(len(data), u.Room())
	for _, c := range data[:n] {
		u.s.Wait[(u.s.WaitHead+u.s.WaitLen)%Backlog] = c
		u.s.WaitLen++
	}
	u.refill()
	u.update()
	return n
}

// Room returns how many bytes Receive accepts now.
func (u *UART) Room() int { return Backlog - int(u.s.WaitLen) }

func (u *UART) fifoOn() bool { return u.s.FCR&fcrEnable != 0 }

func (u *UART) depth() uint8 {
	if u.fifoOn() {
		return fifoSize
	}
	return 1
}

// trigger returns how many received bytes ask for an interrupt (8.5, table).
func (u *UART) trigger() uint8 {
	if u.fifoOn() {
		return [...]uint8{1, 4, 8, 14}[u.s.FCR>>6]
	}
	return 1
}

// refill moves waiting bytes into the receiver while it has room; in loopback
// the line is cut off and they wait on.
func (u *UART) refill() {
	for u.s.MCR&mcrLoop == 0 && u.s.WaitLen > 0 && u.s.FIFOLen < u.depth() {
		c := u.s.Wait[u.s.WaitHead]
		u.s.WaitHead = (u.s.WaitHead + 1) % Backlog
		u.s.WaitLen--
		u.receive(c)
	}
}

// receive is the end of one character on the line. In a full FIFO it is lost;
// without FIFOs it overwrites the one before (8.4, bit 1).
func (u *UART) receive(c uint8) {
	switch {
	case u.s.FIFOLen < u.depth():
		u.s.FIFO[(u.s.FIFOHead+u.s.FIFOLen)%fifoSize] = c
		u.s.FIFOLen++
	case u.fifoOn():
		u.s.LSR |= lsrOE
	default:
		u.s.LSR |= lsrOE
		u.s.FIFO[u.s.FIFOHead] = c
	}
	u.restartTimeout()
}

// receiverBuffer reads the oldest received byte; from an empty receiver, the
// last byte that was in it.
func (u *UART) receiverBuffer() uint8 {
	s := &u.s
	if s.FIFOLen == 0 {
		return s.FIFO[(s.FIFOHead+fifoSize-1)%fifoSize]
	}
	c := s.FIFO[s.FIFOHead]
	s.FIFOHead = (s.FIFOHead + 1) % fifoSize
	s.FIFOLen--
	u.restartTimeout()
	u.refill()
	u.update()
	return c
}

func (u *UART) clearReceiver() {
	u.s.FIFOLen, u.s.FIFOHead = 0, 0
	u.s.FIFO = [fifoSize]uint8{}
	u.s.Timeout = false
	u.refill()
}

// restartTimeout starts the four character times after which bytes below the
// trigger level are reported; each arrival and each read starts them anew
// (8.11, "FIFO Interrupt Mode Operation").
func (u *UART) restartTimeout() {
	u.s.Timeout = false
	u.s.TimeoutAt = u.cfg.Clock.Now() + u.charTimes(4)
}

func (u *UART) timedOut() {
	u.s.Timeout = true
	u.update()
}

// charTimes returns the ns n characters take on the line: start bit, data
// bits, parity and stop bits at the programmed rate. A divisor of zero, which
// the data sheet leaves open, counts as 1.
func (u *UART) charTimes(n uint64) uint64 {
	data := 5 + uint64(u.s.LCR&lcrLength)
	halfBits := 2*(1+data) + 2
	if u.s.LCR&lcrParity != 0 {
		halfBits += 2
	}
	if u.s.LCR&lcrStop != 0 {
		halfBits++
		if data > 5 {
			halfBits++
		}
	}
	return n * halfBits * 8 * uint64(max(u.s.Divisor, 1)) * 1e9 / crystal
}
