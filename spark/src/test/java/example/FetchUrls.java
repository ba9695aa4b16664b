package example;

import dev.perthread.net.Connection;
import dev.perthread.ref.LazyConnectionRef;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.Serializable;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;

/**
 * {@code perthread fetch} at cluster size: fetches a list of URLs over one connection per executor thread. Usage:
 * {@code FetchUrls FILE [TASKS]}, with an http URL on each line of the file.
 */
public final class FetchUrls {
    private static final Pattern LENGTH = Pattern.compile("(?im)^content-length: *([0-9]+) *$");

    private FetchUrls() {}

    /** What became of one URL, and over which connection. */
    record Answer(int status, int bytes, String connection) implements Serializable {}

    static Answer fetch(String url) throws IOException {
        URI uri = URI.create(url);
        int port = uri.getPort() < 0 ? 80 : uri.getPort();
        // Made in the task, from what the task has: still one holder for each site in each executor.
        LazyConnectionRef site = LazyConnectionRef.to(
                uri.getHost() + ":" + port, "tcp://" + uri.getHost() + ":" + port + "?whenIdle=keep");
        String path = uri.getRawPath().isEmpty() ? "/" : uri.getRawPath();
        return site.call(mine -> ask(mine, path, uri.getRawAuthority()));
    }

    /** One question by HTTP/1.1, which leaves the connection open for the next one. */
    private static Answer ask(Connection mine, String path, String host) throws IOException {
        mine.send(("GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
        InputStream in = mine.input();
        String header = header(in);
        Matcher length = LENGTH.matcher(header);
        if (!length.find()) {
            throw new IOException(host + " does not say how long its answer is; only such answers are read here");
        }
        int body = in.readNBytes(Integer.parseInt(length.group(1))).length;
        return new Answer(Integer.parseInt(header.substring(9, 12)), header.length() + body, mine.localAddress() + "");
    }

    private static String header(InputStream in) throws IOException {
        ByteArrayOutputStream header = new ByteArrayOutputStream();
        for (int newlines = 0; newlines < 2; ) {
            int next = in.read();
            if (next < 0) {
                throw new EOFException("the answer ended within its header");
            }
            header.write(next);
            newlines = next == '\n' ? newlines + 1 : next == '\r' ? newlines : 0;
        }
        return header.toString(StandardCharsets.US_ASCII);
    }

    /**
     * Fetches them and says what came of it.
     *
     * @param arguments a file, and into how many tasks to divide it
     * @throws IOException if the file cannot be read
     */
    public static void main(String[] arguments) throws IOException {
        List<String> urls = Files.readAllLines(Path.of(arguments[0]));
        int tasks = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 200;
        SparkConf conf = new SparkConf()
                .setAppName("fetch")
                .set("spark.plugins", "dev.perthread.spark.PerThreadPlugin"); // says goodbye at the end
        List<Answer> answers;
        try (JavaSparkContext spark = new JavaSparkContext(conf)) {
            answers = spark.parallelize(urls, tasks).map(FetchUrls::fetch).collect();
        }
        Map<Integer, Integer> byStatus = new TreeMap<>();
        answers.forEach(answer -> byStatus.merge(answer.status(), 1, Integer::sum));
        byStatus.forEach((status, count) -> System.out.println("status " + status + ": " + count));
        System.out.println(urls.size() + " URLs in " + tasks + " tasks, "
                + answers.stream().mapToLong(Answer::bytes).sum() + " bytes, over "
                + answers.stream().map(Answer::connection).distinct().count() + " connections");
    }
}
