package unicorn
import ("testing";"os")
func TestTrace(t *testing.T) {
  for _, mg := range microGuests {
	if mg.name != os.Getenv("G") { continue }
	g := mg.open(t)
	for k := uint64(1); k < 2000; k++ { g.runTo(k); t.Logf("%d %s cs %x es2 %x bx %x", k, g.where(g.PC()), g.State().Segs[1].Selector, g.quad(guestData), g.State().Regs[3]) }
  }
}
