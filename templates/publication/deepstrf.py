import json

import torch
{%- for module in modules %}
import deepSTRF.models.{{ module }}
{%- endfor %}

folder = "FOLDER"  # with config.json and model.safetensors
model = deepSTRF.models.audio.{{ class }}.from_pretrained(
    folder,
{%- if !objects.is_empty() %}
    extra_kwargs={
{%- for (name, object) in objects %}
        "{{ name }}": {{ object }},
{%- endfor %}
    },
{%- endif %}
).eval()

with open(f"{folder}/metadata.json") as file:
    about = json.load(file)
mean, scale = (torch.tensor(about[key]).reshape(1, 1, -1, 1) for key in ("mean", "scale"))

# sound: cochleagrams as a tensor (clips, 1, {{ bands }} bands, bins)
with torch.no_grad():
    responses = model((sound - mean) / scale)  # (clips, {{ neurons }} neurons, 1, bins)
