// A holder for slots that are raced on their own.
package dev.perthread;

final class StressPool {
    static final Pool<SlotStress.Plain, RuntimeException> HOLDER =
            new Pool<>(PerThread.<SlotStress.Plain, RuntimeException>builder(SlotStress.Plain::new, Closer.none())
                    .name("stress")
                    .config());

    private StressPool() {}
}
