package unicorn
import ("testing";"os")
func TestDbg(t *testing.T) {
  for _, mg := range microGuests {
	if mg.name != os.Getenv("G") { continue }
	g := mg.open(t)
	g.runTo(20000)
	for i, r := range g.records() { t.Logf("%s %d fl %#x", g.text(r), r.ICount, r.RFLAGS); if i > 40 { break } }
	t.Logf("%#x %+v", g.PC(), g.ICount())
	for i := uint64(0); i < 64; i++ { if g.quad(guestData+8*i) != 0 { t.Logf("[%d] %#x", i, g.quad(guestData+8*i)) } }
	for _, a := range g.board.log { t.Logf("%+v", a) }
  }
}
