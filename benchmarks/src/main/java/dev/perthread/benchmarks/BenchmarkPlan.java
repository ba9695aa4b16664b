package dev.perthread.benchmarks;

import dev.perthread.benchmarks.Peers.Contender;
import java.util.List;

/**
 * The size of a run: how many rounds, of what, and how long each takes.
 *
 * @param rounds the most forks of each contender
 * @param threads the thread counts of the uncontended part
 * @param all whether every peer is measured, or those that the short table shows
 * @param warmups JMH's warm-up iterations
 * @param iterations JMH's measured iterations
 * @param iterationMillis the length of an iteration
 * @param contendedWarmup the warm-up of a contended run in milliseconds
 * @param contendedMillis the measured time of a contended run
 * @param idleThreads the owners of the memory part; a fifth of those of the reclaim part
 * @param deaths the threads that end in the reclaim part
 * @param idleMillis how long the processor's share is measured
 * @param requests the requests of a whole program
 * @param budgetMinutes no round is started that would end later, judging by the one before; 0 for no bound
 */
record BenchmarkPlan(
        int rounds,
        List<Integer> threads,
        boolean all,
        int warmups,
        int iterations,
        int iterationMillis,
        int contendedWarmup,
        int contendedMillis,
        int idleThreads,
        int deaths,
        int idleMillis,
        int requests,
        int budgetMinutes) {

    static BenchmarkPlan of(String mode) {
        return switch (mode) {
            case "quick" ->
                new BenchmarkPlan(3, List.of(1, 8), false, 2, 3, 200, 1000, 1500, 2000, 100, 2000, 20_000, 22);
            case "full" ->
                new BenchmarkPlan(
                        10, List.of(1, 2, 8, 64), true, 5, 10, 500, 3000, 5000, 10_000, 500, 10_000, 20_000, 0);
            case "smoke" -> new BenchmarkPlan(1, List.of(2), true, 1, 1, 100, 100, 200, 100, 10, 200, 400, 0);
            default ->
                throw new IllegalArgumentException("mode must be quick, full, smoke or table, but was '" + mode + "'");
        };
    }

    /** What counts bytes or owners differs little from fork to fork. */
    int rounds(String part) {
        return List.of("memory", "reclaim", "observation").contains(part) ? Math.min(rounds, 1 + rounds / 5) : rounds;
    }

    /** Whether a round that takes this long still fits into what is left of the budget. */
    boolean allows(long elapsedNanos, long roundNanos) {
        return budgetMinutes == 0 || elapsedNanos + roundNanos <= budgetMinutes * 60_000_000_000L;
    }

    List<Contender> contenders() {
        return all
                ? List.of(Contender.values())
                : List.of(
                        Contender.PER_THREAD,
                        Contender.STORMPOT,
                        Contender.HIKARI,
                        Contender.COMMONS_POOL,
                        Contender.SEMAPHORE_FAIR);
    }

    List<Integer> virtualThreads() {
        return all ? List.of(1000, 10_000) : List.of(10_000);
    }
}
