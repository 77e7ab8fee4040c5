// dotnet run MODEL.onnx PICTURE OUTPUT.png: draws the people, and prints one line of JSON for each.
using System.Text.Json;
using Microsoft.ML.OnnxRuntime;
using SkiaSharp;

const float MinScore = 0.2f; // of people and of keypoints

using var session = new InferenceSession(args[0]);
// the model's own description: sizing, skeleton and more
using var spec = JsonDocument.Parse(session.ModelMetadata.CustomMetadataMap["posetrack"]);
var sizing = spec.RootElement.GetProperty("sizing");
var skeleton = spec.RootElement.GetProperty("skeleton");

// the network's input: the picture at its top left, and black
using var picture = SKBitmap.Decode(args[1]) ?? throw new ArgumentException($"no picture: {args[1]}");
int size = sizing.GetProperty("size").GetInt32(), multiple = sizing.GetProperty("multiple_of").GetInt32();
int low = Math.Min(picture.Width, picture.Height), high = Math.Max(picture.Width, picture.Height);
double aspect = Math.Min((double)high / low, sizing.GetProperty("max_aspect").GetDouble());
int length = Math.Max(size, (int)Math.Round(size * aspect / multiple) * multiple);
var (w, h) = picture.Height > picture.Width ? (size, length) : (length, size);
double scale = Math.Min((double)w / picture.Width, (double)h / picture.Height);
var filled = new SKRect(0, 0, (float)Math.Round(picture.Width * scale), (float)Math.Round(picture.Height * scale));
using var input = new SKBitmap(new SKImageInfo(w, h, SKColorType.Rgba8888, SKAlphaType.Opaque));
using (var canvas = new SKCanvas(input))
{
    canvas.Clear(SKColors.Black);
    using var source = SKImage.FromBitmap(picture);
    canvas.DrawImage(source, filled, new SKSamplingOptions(SKFilterMode.Linear, SKMipmapMode.Linear));
}
byte[] rgb = input.Bytes.Where((_, i) => i % 4 < 3).ToArray();

using var image = OrtValue.CreateTensorValueFromMemory(rgb, new long[] { 1, h, w, 3 });
using var options = new RunOptions();
using var results = session.Run(
    options,
    new Dictionary<string, OrtValue> { ["image"] = image },
    new[] { "keypoints", "keypoint_scores", "scores", "count" });
var xy = results.ElementAt(0).GetTensorDataAsSpan<float>();
var keypointScores = results.ElementAt(1).GetTensorDataAsSpan<float>();
var scores = results.ElementAt(2).GetTensorDataAsSpan<float>();
int count = results.ElementAt(3).GetTensorDataAsSpan<int>()[0];

int k = skeleton.GetProperty("keypoints").GetArrayLength();
float zoomX = filled.Width / picture.Width, zoomY = filled.Height / picture.Height;
using var drawing = new SKCanvas(picture);
using var paint = new SKPaint { Color = SKColors.OrangeRed, StrokeWidth = picture.Height / 120f, IsAntialias = true };
for (int i = 0; i < count && scores[i] > MinScore; i++)
{
    var keypoints = new float[k][]; // x and y in pixels of the picture, score
    for (int j = 0, at = i * k; j < k; j++, at++)
        keypoints[j] = [(xy[2 * at] + 0.5f) / zoomX - 0.5f, (xy[2 * at + 1] + 0.5f) / zoomY - 0.5f, keypointScores[at]];
    foreach (var edge in skeleton.GetProperty("edges").EnumerateArray())
    {
        var (a, b) = (keypoints[edge[0].GetInt32()], keypoints[edge[1].GetInt32()]);
        if (Math.Min(a[2], b[2]) > MinScore)
            drawing.DrawLine(a[0] + 0.5f, a[1] + 0.5f, b[0] + 0.5f, b[1] + 0.5f, paint);
    }
    Console.WriteLine(JsonSerializer.Serialize(new { score = scores[i], keypoints }));
}
drawing.Flush();
using var file = File.Create(args[2]);
using var png = picture.Encode(SKEncodedImageFormat.Png, 100);
png.SaveTo(file);
