package example;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The pages of the documentation are complete where they promise to be, and their links lead somewhere. */
class DocumentationTest {
    private static final Path ROOT = Path.of("..");
    private static final Path SOURCES = Path.of("src/main/java/dev/perthread");
    private static final Pattern LITERAL = Pattern.compile("\"((?:[^\"\\\\\n]|\\\\.)*)\"");
    private static final Pattern BLOCK = Pattern.compile("```.*?```", Pattern.DOTALL);
    private static final Pattern LINK = Pattern.compile("]\\(([^)\\s]+)\\)");
    /** In words. Shorter literals are labels, or parts of a sentence with values in it. */
    private static final int SENTENCE = 6;

    @Test
    void configurationPage_hasEachOptionOfThePoolBuilder() throws IOException {
        String page = read(ROOT.resolve("docs/configuration.md"));
        List<String> options = groups(Pattern.compile("public B (\\w+)\\("), read(SOURCES.resolve("PoolBuilder.java")));

        assertThat(options).hasSizeGreaterThan(25);
        assertThat(options).allSatisfy(option -> assertThat(page).contains(option + "("));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "core/src/main/java/dev/perthread",
                "net/src/main/java/dev/perthread/net",
                "micrometer/src/main/java/dev/perthread/micrometer",
                "ref/src/main/java/dev/perthread/ref",
                "spark/src/main/java/dev/perthread/spark",
                "flink/src/main/java/dev/perthread/flink",
                "spring/starter/src/main/java/dev/perthread/spring/boot"
            })
    void troubleshootingPage_hasEachMessageOfThePackage(String sources) throws IOException {
        String page = read(ROOT.resolve("docs/troubleshooting.md")).replaceAll("\\s+", " ");
        List<String> missing = new ArrayList<>();
        try (Stream<Path> files = Files.list(ROOT.resolve(sources))) {
            for (Path source : files.filter(DocumentationTest::hasMessages).toList()) {
                String code = read(source).replaceAll("(?s)/\\*.*?\\*/", "").replaceAll("(?m)^\\s*//.*$", "");
                groups(LITERAL, code).stream()
                        .map(literal -> literal.replace("\\\"", "\"").strip())
                        .filter(literal -> !sharesThreeWords(literal, page))
                        .forEach(literal -> missing.add(source.getFileName() + ": " + literal));
            }
        }
        assertThat(missing)
                .as("messages that docs/troubleshooting.md does not explain")
                .isEmpty();
    }

    /** The labels of events, beans and meters are no messages. */
    private static boolean hasMessages(Path source) {
        String name = source.getFileName().toString();
        return name.endsWith(".java")
                && !name.equals("JfrEvents.java")
                && !name.startsWith("Jmx")
                && !name.equals("PoolMeters.java");
    }

    private static boolean sharesThreeWords(String literal, String page) {
        String[] words = literal.split("\\s+", -1);
        if (words.length < SENTENCE) {
            return true;
        }
        for (int i = 0; i + 3 <= words.length; i++) {
            if (page.contains(words[i] + " " + words[i + 1] + " " + words[i + 2])) {
                return true;
            }
        }
        return false;
    }

    @Test
    void relativeLinksOfAllPages_leadToAFile_andToAHeadingInIt() throws IOException {
        List<String> broken = new ArrayList<>();
        for (Path page : pages()) {
            String text = BLOCK.matcher(read(page)).replaceAll("").replaceAll("`[^`\n]*`", "");
            for (String link : groups(LINK, text)) {
                if (!link.matches("[a-z]+:.*") && !leadsSomewhere(page, link)) {
                    broken.add(page + ": " + link);
                }
            }
        }
        assertThat(broken).isEmpty();
    }

    private static List<Path> pages() throws IOException {
        List<Path> pages = new ArrayList<>();
        for (String directory : List.of(".", "docs", "docs/internals", "examples", ".ci")) {
            try (Stream<Path> files = Files.list(ROOT.resolve(directory))) {
                files.filter(file -> file.toString().endsWith(".md")).forEach(pages::add);
            }
        }
        return pages;
    }

    private static boolean leadsSomewhere(Path page, String link) throws IOException {
        int mark = link.indexOf('#');
        String file = mark < 0 ? link : link.substring(0, mark);
        Path target = file.isEmpty() ? page : page.resolveSibling(file);
        if (!Files.exists(target)) {
            return false;
        }
        if (mark < 0 || !target.toString().endsWith(".md")) {
            return true;
        }
        return groups(
                        Pattern.compile("(?m)^#+ (.*)$"),
                        BLOCK.matcher(read(target)).replaceAll(""))
                .stream()
                .map(DocumentationTest::anchor)
                .anyMatch(link.substring(mark + 1)::equals);
    }

    /** As GitHub makes it of a heading. */
    private static String anchor(String heading) {
        return heading.strip()
                .toLowerCase(Locale.ROOT)
                .replaceAll("[^\\p{L}\\p{N}_\\- ]", "")
                .replace(' ', '-');
    }

    private static List<String> groups(Pattern pattern, String text) {
        return pattern.matcher(text)
                .results()
                .map((MatchResult found) -> found.group(1))
                .toList();
    }

    private static String read(Path file) throws IOException {
        return Files.readString(file);
    }
}
