// SPDX-License-Identifier: GPL-2.0-or-later

package rtc

// calendar is a time of day in the proleptic Gregorian calendar.
type calendar struct {
	year           int64
	month, day     int64 // from 1
	weekday        int64 // from 1, Sunday
	hour, min, sec int64
}

const (
	secondsPerDay = 86_400
	daysPer400    = 146_097
	// epochDays is the number of days from 0000-03-01, where a year that ends
	// with its leap day makes the arithmetic regular, to 1970-01-01.
	epochDays = 719_468
)

// floorDiv divides rounding down; b is positive.
func floorDiv(a, b int64) (q, r int64) {
	q, r = a/b, a%b
	if r < 0 {
		q, r = q-1, r+b
	}
	return q, r
}

// calendar splits seconds since 1970, with the guest's own day of the week.
func (r *RTC) calendar(sec int64) calendar {
	days, s := floorDiv(sec, secondsPerDay)
	var t calendar
	t.hour, t.min, t.sec = s/3600, s/60%60, s%60
	t.weekday = weekday(days, int64(r.s.Weekday))

	era, d := floorDiv(days+epochDays, daysPer400)
	y := (d - d/1460 + d/36524 - d/146096) / 365 // year of the era, from March
	d -= 365*y + y/4 - y/100
	m := (5*d + 2) / 153 // month from March, by the 153-day pattern of five
	t.day = d - (153*m+2)/5 + 1
	t.month = (m+2)%12 + 1
	t.year = era*400 + y
	if t.month <= 2 {
		t.year++
	}
	return t
}

// weekday returns 1..7, Sunday 1, for days since 1970 (a Thursday) and ahead.
func weekday(days, ahead int64) int64 {
	_, w := floorDiv(days+4+ahead, 7)
	return w + 1
}

// daysSince1970 is the inverse of calendar's date. Days outside the month, and
// months outside the year, count on into the neighbours.
func daysSince1970(year, month, day int64) int64 {
	y, m := floorDiv(year*12+month-3, 12) // from March
	era, y := floorDiv(y, 400)
	return era*daysPer400 + 365*y + y/4 - y/100 + (153*m+2)/5 + day - 1 - epochDays
}

// encode gives the byte that register reg shows at t, BCD or binary.
func (r *RTC) encode(reg uint8, t calendar) uint8 {
	switch reg {
	case regSeconds:
		return r.digits(t.sec)
	case regMinutes:
		return r.digits(t.min)
	case regHours:
		if r.s.CMOS[regB]&b24 != 0 {
			return r.digits(t.hour)
		}
		h := r.digits((t.hour+11)%12 + 1)
		if t.hour >= 12 {
			h |= 0x80
		}
		return h
	case regWeekday:
		return r.digits(t.weekday)
	case regDay:
		return r.digits(t.day)
	case regMonth:
		return r.digits(t.month)
	case regYear:
		_, y := floorDiv(t.year, 100)
		return r.digits(y)
	}
	c, _ := floorDiv(t.year, 100) // the century
	_, c = floorDiv(c, 100)
	return r.digits(c)
}

// decode returns the seconds since 1970 that the time bytes give, and how much
// their day of the week is ahead of the date's.
func (r *RTC) decode() (sec int64, ahead uint8) {
	hour := r.number(regHours)
	if r.s.CMOS[regB]&b24 == 0 {
		pm := r.s.CMOS[regHours] & 0x80
		hour = r.undigits(r.s.CMOS[regHours]&^0x80) % 12
		if pm != 0 {
			hour += 12
		}
	}
	days := daysSince1970(r.number(regCentury)*100+r.number(regYear), r.number(regMonth), r.number(regDay))
	_, w := floorDiv(r.number(regWeekday)-weekday(days, 0), 7)
	return days*secondsPerDay + hour*3600 + r.number(regMinutes)*60 + r.number(regSeconds), uint8(w)
}

func (r *RTC) number(reg uint8) int64 { return r.undigits(r.s.CMOS[reg]) }

func (r *RTC) digits(n int64) uint8 {
	if r.s.CMOS[regB]&bDM != 0 {
		return uint8(n)
	}
	return uint8(n/10<<4 | n%10)
}

func (r *RTC) undigits(b uint8) int64 {
	if r.s.CMOS[regB]&bDM != 0 {
		return int64(b)
	}
	return int64(b>>4)*10 + int64(b&15)
}
