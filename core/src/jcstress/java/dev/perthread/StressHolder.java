// A holder for slots that are raced on their own.
package dev.perthread;

final class StressHolder {
    static final Holder<SlotStress.Plain, RuntimeException> HOLDER =
            new Holder<>(PerThread.<SlotStress.Plain, RuntimeException>builder(SlotStress.Plain::new)
                    .name("stress"));

    private StressHolder() {}
}
