// How a run of fetch is told: as lines, or as JSON.
package dev.perthread.cli.fetch;

/** Outcomes come from many threads at once, the summary once and last. */
interface Report {
    /** Something about the run that is no result. */
    void note(String text);

    /** False if nobody can read it any more. */
    boolean outcome(Outcome outcome);

    /** False if nobody can read it any more. */
    boolean summary(Summary summary);
}
