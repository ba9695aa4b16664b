package dev.perthread.cli.fetch;

import dev.perthread.cli.console.Output;
import me.tongfei.progressbar.DelegatingProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** The progress bar of a run that takes long. */
final class ProgressView implements AutoCloseable {
    private static final int WIDTH = 79;
    private static final int EVERY_MILLIS = 200;

    private final Output output;
    private final ProgressBar bar;

    /** The launcher looks whether standard error is a terminal: Java cannot tell for that stream alone. */
    static boolean isWanted() {
        return Boolean.getBoolean("perthread.progress");
    }

    ProgressView(Output output, long requests) {
        this.output = output;
        this.bar = new ProgressBarBuilder()
                .setTaskName("fetch")
                .setInitialMax(requests)
                .setStyle(ProgressBarStyle.ASCII)
                .setUpdateIntervalMillis(EVERY_MILLIS)
                .continuousUpdate() // bytes come also while no request ends
                .setConsumer(new DelegatingProgressBarConsumer(output::bar, WIDTH))
                .build();
    }

    void show(FetchRun run) {
        bar.setExtraMessage(run.openNow() + " open, " + (run.bytes() >> 10) + " KiB");
        bar.stepTo(run.finished());
    }

    @Override
    public void close() {
        bar.close();
        output.endBar();
    }
}
