package dev.perthread.benchmarks;

/**
 * One cell of the virtual part: thousands of virtual threads over 64 resources, on Java 21 or later. {@code
 * peer=PER_THREAD threads=1000 resources=64 work=1 warmup=MILLIS measure=MILLIS out=FILE}; see {@link ContendedRun}.
 */
public final class VirtualThreadBenchmark {
    private VirtualThreadBenchmark() {}

    /** Runs one cell. */
    public static void main(String[] args) throws Exception {
        Arguments arguments = new Arguments(args);
        arguments.write(ContendedRun.run(true, arguments));
    }
}
