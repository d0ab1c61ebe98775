# Sets a small company up on an empty GitLab with ruby-gitlab, which sends forms where others send JSON.
# Environment: GITLAB_URL, TOKEN, SECRET, PIPELINE, PUBLIC_KEY as for python_gitlab.py.
require "gitlab"
require "securerandom"

gl = Gitlab.client(endpoint: "#{ENV.fetch('GITLAB_URL')}/api/v4", private_token: ENV.fetch("TOKEN"))
till_until = "2027-06-01"

top = gl.create_group("Northwind", "northwind")
shop = gl.create_group("Shop", "shop", parent_id: top.id)
mira = gl.create_user("mira@northwind.example", SecureRandom.hex, "mira", name: "Mira Till")
gl.add_group_member(shop.id, mira.id, 40)
till = gl.create_project("till", namespace_id: shop.id, initialize_with_readme: true)

gl.create_file(till.id, "config.env", "main", "STRIPE_KEY=#{ENV.fetch('SECRET')}\n", "configure")
gl.create_commit(till.id, "main", "deploy", [
  { action: "create", file_path: ".gitlab-ci.yml", content: File.read(ENV.fetch("PIPELINE")) },
  { action: "create", file_path: "note.txt", content: "one" }
])
gl.create_variable(till.id, "DEPLOY_TOKEN", "EXAMPLE-till-value", masked: true, protected: true)
gl.create_group_variable(top.id, "REGISTRY_PASSWORD", "EXAMPLE-top-value", masked: true)
gl.post("/projects/#{till.id}/access_tokens", body: { name: "release bot", scopes: ["read_api"], access_level: 30, expires_at: till_until })
gl.post("/groups/#{top.id}/access_tokens", body: { name: "crawler", scopes: ["read_api"], access_level: 20, expires_at: till_until })
gl.post("/users/#{mira.id}/personal_access_tokens", body: { name: "laptop", scopes: ["read_repository"], expires_at: till_until })
gl.post("/projects/#{till.id}/deploy_tokens", body: { name: "pull", scopes: ["read_registry"], expires_at: till_until })
gl.create_deploy_key(till.id, "mirror", ENV.fetch("PUBLIC_KEY"), can_push: true)
gl.add_project_hook(till.id, "https://hooks.northwind.example/till", push_events: true, token: "EXAMPLE-hook-token")
nightly = gl.create_pipeline_schedule(till.id, description: "nightly", ref: "main", cron: "0 2 * * *")
gl.create_pipeline_schedule_variable(till.id, nightly.id, key: "NIGHT_KEY", value: "EXAMPLE-night-value")
gl.create_trigger(till.id, "chat")
gl.protect_branch(till.id, "release/*", push_access_level: 40)

gl.create_variable(till.id, "SPARE", "EXAMPLE")
gl.update_variable(till.id, "SPARE", "EXAMPLE2")
raise "the variable was not changed" unless gl.variable(till.id, "SPARE").value == "EXAMPLE2"
gl.remove_variable(till.id, "SPARE")
gl.remove_file(till.id, "note.txt", "main", "no note")
raise "another tree" unless gl.tree(till.id).map(&:path) == [".gitlab-ci.yml", "README.md", "config.env"]
gl.create_branch(till.id, "spare", "main")
gl.delete_branch(till.id, "spare")
raise "namespaces" unless gl.namespaces(search: "northwind").map(&:full_path) == %w[northwind northwind/shop]
