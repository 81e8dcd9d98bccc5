package newsline.devnode;

import java.io.Reader;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.apache.lucene.analysis.charfilter.HTMLStripCharFilter;
import org.apache.lucene.analysis.charfilter.MappingCharFilter;
import org.apache.lucene.analysis.charfilter.NormalizeCharMap;
import org.apache.lucene.analysis.pattern.PatternReplaceCharFilter;
import org.elasticsearch.common.Strings;
import org.elasticsearch.common.regex.Regex;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.index.analysis.AbstractCharFilterFactory;
import org.elasticsearch.index.analysis.CharFilterFactory;
import org.elasticsearch.index.analysis.NormalizingCharFilterFactory;
import org.elasticsearch.index.analysis.PreConfiguredCharFilter;
import org.elasticsearch.indices.analysis.AnalysisModule.AnalysisProvider;
import org.elasticsearch.plugins.AnalysisPlugin;

/** What happens to the characters before there are tokens. */
final class CharFilters {
    static final List<PreConfiguredCharFilter> READY =
            List.of(
                    PreConfiguredCharFilter.singleton(
                            "html_strip", false, HTMLStripCharFilter::new));

    static final Map<String, AnalysisProvider<CharFilterFactory>> CONFIGURABLE =
            Map.of(
                    "html_strip", (index, env, name, settings) -> stripping(name, settings),
                    "mapping", normalizing(CharFilters::mapping),
                    "pattern_replace", normalizing(CharFilters::patternReplace));

    private CharFilters() {}

    private static CharFilterFactory stripping(String name, Settings settings) {
        Set<String> kept = Set.copyOf(settings.getAsList("escaped_tags"));
        return new AbstractCharFilterFactory(name) {
            @Override
            public Reader create(Reader text) {
                return new HTMLStripCharFilter(text, kept);
            }
        };
    }

    /** A filter that needs settings, and that may stand in a normalizer too. */
    private static AnalysisProvider<CharFilterFactory> normalizing(
            Function<Settings, UnaryOperator<Reader>> recipe) {
        return AnalysisPlugin.requiresAnalysisSettings(
                (index, env, name, settings) -> {
                    UnaryOperator<Reader> wrap = recipe.apply(settings);
                    return new NormalizingFilter(name, wrap);
                });
    }

    private static UnaryOperator<Reader> mapping(Settings settings) {
        List<String> rules = settings.getAsList("mappings");
        if (rules.isEmpty()) {
            throw new IllegalArgumentException("mapping requires `mappings` to be configured");
        }
        NormalizeCharMap.Builder builder = new NormalizeCharMap.Builder();
        for (String rule : rules) {
            int arrow = rule.lastIndexOf("=>");
            if (arrow < 0) {
                throw new IllegalArgumentException("Invalid Mapping Rule : [" + rule + "]");
            }
            String from = rule.substring(0, arrow).trim();
            String to = rule.substring(arrow + 2).trim();
            builder.add(unescaped(from), unescaped(to));
        }
        NormalizeCharMap map = builder.build();
        return text -> new MappingCharFilter(map, text);
    }

    /** Backslash escapes of a rule: spaces and arrows that are meant, and Unicode by number. */
    private static String unescaped(String text) {
        StringBuilder plain = new StringBuilder();
        for (int at = 0; at < text.length(); at++) {
            char letter = text.charAt(at);
            if (letter != '\\') {
                plain.append(letter);
                continue;
            }
            if (++at == text.length()) {
                throw new IllegalArgumentException("Invalid escaped char in [" + text + "]");
            }
            switch (text.charAt(at)) {
                case 'n' -> plain.append('\n');
                case 't' -> plain.append('\t');
                case 'r' -> plain.append('\r');
                case 'b' -> plain.append('\b');
                case 'f' -> plain.append('\f');
                case 'u' -> {
                    plain.append((char) Integer.parseInt(text.substring(at + 1, at + 5), 16));
                    at += 4;
                }
                default -> plain.append(text.charAt(at));
            }
        }
        return plain.toString();
    }

    private static UnaryOperator<Reader> patternReplace(Settings settings) {
        String pattern = settings.get("pattern");
        if (Strings.hasLength(pattern) == false) {
            throw new IllegalArgumentException(
                    "pattern_replace requires `pattern` to be configured");
        }
        Pattern compiled = Regex.compile(pattern, settings.get("flags"));
        String replacement = settings.get("replacement", "");
        return text -> new PatternReplaceCharFilter(compiled, replacement, text);
    }

    private static final class NormalizingFilter extends AbstractCharFilterFactory
            implements NormalizingCharFilterFactory {
        private final UnaryOperator<Reader> wrap;

        NormalizingFilter(String name, UnaryOperator<Reader> wrap) {
            super(name);
            this.wrap = wrap;
        }

        @Override
        public Reader create(Reader text) {
            return wrap.apply(text);
        }
    }
}
