package job;

import lib.Loaders;
import org.apache.flink.api.common.functions.MapFunction;

/** Asks a task manager which class loaders of former jobs it still has. */
public class Left implements MapFunction<Long, String> {
    private static final long serialVersionUID = 1;

    private final String word;

    public Left(String word) {
        this.word = word;
    }

    @Override
    public String map(Long number) {
        return Loaders.left(word);
    }
}
